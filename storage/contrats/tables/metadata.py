"""What the tables of contrats are declared in."""

from sqlalchemy import MetaData

from storage.shared.tables import NAMING_CONVENTION

metadata = MetaData(naming_convention=NAMING_CONVENTION)
