"""From the frozen file to the signed contract: the proof of the signature and what it sets in motion."""
