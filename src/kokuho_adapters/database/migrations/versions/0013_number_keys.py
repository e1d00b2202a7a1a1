"""番号の照合 (number keys): records are looked up by the first bytes of a number's index, which the database makes itself."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

KEYS = {"number_key": "number_index", "previous_number_key": "previous_number_index"}
RECORDS = "person_record"


def upgrade() -> None:
    op.drop_index("ix_person_record_number_index", RECORDS)
    if op.get_bind().dialect.name == "postgresql":
        made = (f"ADD COLUMN {key} BYTEA GENERATED ALWAYS AS (substr({number}, 1, 4)) STORED" for key, number in KEYS.items())
        op.execute(f"ALTER TABLE {RECORDS} {', '.join(made)}")  # both at once, as the table is written anew
    else:
        for key, number in KEYS.items():
            op.add_column(RECORDS, sa.Column(key, sa.LargeBinary(4), sa.Computed(f"substr({number}, 1, 4)")))
    op.create_index("ix_person_record_number_key", RECORDS, ["number_key"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"ANALYZE {RECORDS}")  # what knows nothing of a new column would leave its index


def downgrade() -> None:
    op.drop_index("ix_person_record_number_key", RECORDS)
    op.create_index("ix_person_record_number_index", RECORDS, ["number_index"])
    for key in KEYS:
        op.execute(f"ALTER TABLE {RECORDS} DROP COLUMN {key}")
