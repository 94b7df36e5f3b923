"""The metadata that the tables of products share, and its number types."""

from sqlalchemy import MetaData, Numeric

from storage.shared.tables import NAMING_CONVENTION

metadata = MetaData(naming_convention=NAMING_CONVENTION)

RATE = Numeric(18, 6)
PERCENT = Numeric(7, 4)
