"""The metadata that the tables of calendar share."""

from sqlalchemy import MetaData

from storage.shared.tables import NAMING_CONVENTION

metadata = MetaData(naming_convention=NAMING_CONVENTION)
