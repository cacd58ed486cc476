"""What test_generated.py sends: statements that do harm, in as many disguises as a seed gives, and ones that do none."""
