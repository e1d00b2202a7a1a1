"""What waits to be told, some at a time: as it is kept where all of it is new, else with what was told last (X-13, Q-5)."""

from __future__ import annotations

from datetime import date

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kokuho_adapters.database import SqlDatabase, return_store
from kokuho_adapters.database.row_text import RowText
from kokuho_core.ports.stores import NewRows
from kokuho_core.returning.rows import KohikiRow, ReturnKey, Row, TokusoRow, kept_values
from kokuho_core.vocabulary.month import Month

from ..prefecture.office import A, B

DAY = date(2024, 4, 1)


def toku(subject: int, status: str) -> TokusoRow:
    return TokusoRow(A, f"{subject:010}", "M1", "P1", DAY, "03", None, None, None, status, DAY, None)


rows = st.lists(
    st.tuples(
        st.sampled_from([None, "1", "2"]), st.sampled_from([None, None, None, "1", "2"]), st.booleans()
    ).filter(lambda each: each[:2] != (None, None)),
    max_size=12,
)


class TestDue:
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # every example undoes what it kept
    @given(kept=rows, everything=st.booleans(), together=st.integers(1, 4))
    def test_against_a_plain_list(
        self, database: SqlDatabase, kept: list[tuple[str | None, str | None, bool]], everything: bool, together: int
    ) -> None:
        """Rules: X-13, Q-5."""
        listed: list[tuple[ReturnKey, Row | None, Row | None, bool]] = [
            (
                ReturnKey(f"{A}/{subject:03}", "TOKUSO", A, "1"),
                toku(subject, stands) if stands else None,
                toku(subject, told) if told else None,
                is_due,
            )
            for subject, (stands, told, is_due) in enumerate(kept)
        ]
        wanted = [each[1:3] for each in listed if everything or each[3]]
        found: list[tuple[object, object]] = []
        with pytest.MonkeyPatch.context() as patched, database.begin() as work:
            patched.setattr(return_store, "_READ_TOGETHER", together)
            work.returns.save([*listed, (ReturnKey(f"{B}/1", "TOKUSO", B, "1"), toku(1, "1"), None, True)])
            for some in work.returns.due(A, "TOKUSO", everything=everything):
                expected = wanted[len(found) : len(found) + together]
                is_new = all(stands is not None and told is None for stands, told in expected)
                assert isinstance(some, NewRows) == is_new
                if isinstance(some, NewRows):
                    values = list(zip(*some.columns, strict=True))
                    assert values == [kept_values(stands) for stands, _ in expected if stands is not None]
                    found.extend(expected)
                else:
                    found.extend(some)
        assert found == wanted


@pytest.mark.parametrize("row", [toku(1, "1"), KohikiRow(B, "7", A, "1", Month.of(2024, 4), "1", "1")])
def test_values_are_kept_as_the_core_says(row: Row) -> None:
    """Rules: Q-5. What is told anew goes into the same columns as what is read as it is kept."""
    assert orjson.loads(RowText(type(row)).dump(row)) == list(kept_values(row))
