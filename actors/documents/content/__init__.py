"""Where the bytes are kept, behind one Protocol."""
