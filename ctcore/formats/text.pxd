# Nothing in here is a C type: it is compiled as it stands.
