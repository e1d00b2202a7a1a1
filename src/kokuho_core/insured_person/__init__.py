"""被保険者: one person as one municipality knows him, with his application periods (適用期間). Nominal heads too."""
