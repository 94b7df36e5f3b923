"""The schedule of bills: planned ahead, billed on its day, corrected when service was not given."""
