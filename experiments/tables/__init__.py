"""The paper's tables, one file each; :data:`TABLES` lists them in the paper's order."""

from __future__ import annotations

from experiments.study import Table
from experiments.tables import table_ablation_components, table_ablation_order

TABLES: dict[str, Table] = {
    module.TABLE.name: module.TABLE for module in (table_ablation_components, table_ablation_order)
}
