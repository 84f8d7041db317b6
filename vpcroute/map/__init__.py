"""A picture of the address space, coloured by where addresses go: a page that can be searched, and a still."""
