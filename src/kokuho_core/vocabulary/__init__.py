"""語彙: identifiers and values of 国民健康保険, validated when they are made."""
