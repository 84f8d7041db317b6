"""The compiled side (FIB): what a look-up needs, and nothing that has to be decided any more."""
