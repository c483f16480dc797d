# Nothing to declare: compiled as it is, for it is called before each hook that is not called as C.
