"""FlaskとSQLAlchemyの窓口: a municipal system with tables of its own, in Japanese as its documents call them."""
