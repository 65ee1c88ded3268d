"""The composition root and the command line; the only room that may import every other one."""
