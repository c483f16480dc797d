cpdef bytes invert_ports(bytes u)
cpdef tuple print_ports(bytes u)
