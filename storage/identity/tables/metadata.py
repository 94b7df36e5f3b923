"""The one metadata that all tables of identity belong to."""

from sqlalchemy import MetaData

from storage.shared.tables import NAMING_CONVENTION

metadata = MetaData(naming_convention=NAMING_CONVENTION)
