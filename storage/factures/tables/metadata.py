"""What every table of factures belongs to."""

from sqlalchemy import MetaData

from storage.shared.tables import NAMING_CONVENTION

metadata = MetaData(naming_convention=NAMING_CONVENTION)
