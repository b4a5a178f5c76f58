"""The paper's tables in its order, and one of our own, one file each."""

from __future__ import annotations

from collections.abc import Sequence

from experiments.study.rows import Table
from experiments.tables import (
    table_ablation_components,
    table_ablation_groups,
    table_ablation_multihead,
    table_ablation_order,
    table_ablation_positions,
    table_ablation_regions,
    table_ablation_tape_ccmh,
    table_kinetics,
    table_main,
    table_nl_variants,
    table_peers,
    table_sota,
    table_test_set,
)
from gta.errors import UserError, nearest

TABLES: dict[str, Table] = {
    module.TABLE.name: module.TABLE
    for module in (
        table_main,
        table_kinetics,
        table_sota,
        table_ablation_components,
        table_nl_variants,
        table_ablation_order,
        table_ablation_groups,
        table_test_set,
        table_ablation_positions,
        table_ablation_tape_ccmh,
        table_ablation_regions,
        table_ablation_multihead,
        table_peers,
    )
}


def choose_tables(names: Sequence[str], others: Sequence[str] = ()) -> list[Table]:
    """Return the tables of these names, each once, without what the caller knows itself (``others``).

    Raises:
        UserError: a name is unknown.
    """
    known = [*TABLES, *others]
    for name in names:
        if name not in known:
            raise UserError(f"there is no table {name!r}; {nearest(name, known)}")
    return [TABLES[name] for name in dict.fromkeys(names) if name not in others]
