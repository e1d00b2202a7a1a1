"""選択: what the law text or the public sources leave open, each a named choice with its default and its reason."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, cast

from attrs import Attribute, evolve, field, fields, frozen

from kokuho_core.errors import InvalidValue, Problem


class Unverified(StrEnum):
    """資料で確認できていない額."""

    REFUSE = "refuse"
    USE = "use"


class SubsidisedCeiling(StrEnum):
    """公費併用部分の限度額 from 2026-08 on."""

    REFUSE = "refuse"
    UNCHANGED = "unchanged"


class Continued(StrEnum):
    """額の据置き: whether figures go on beyond the month up to which they are known."""

    REFUSE = "refuse"
    UNCHANGED = "unchanged"


class DiseaseOnMove(StrEnum):
    """県内転居月の特定疾病の限度額."""

    REFUSE = "refuse"
    WHOLE = "whole"
    DIVIDED = "divided"


class DiseaseRemainder(StrEnum):
    """特定疾病の限度額まで負担した分の世帯合算."""

    EXCLUDED = "excluded"
    AGGREGATED = "aggregated"


class Turning75(StrEnum):
    """75歳到達月の計算順."""

    PERSON_FIRST = "person_first"
    REFUSE = "refuse"


class WholeHousehold(StrEnum):
    """70歳未満の合算対象がない世帯の第3段."""

    WITH_UNDER_70 = "with_under_70"
    ALWAYS = "always"


class InKindMonths(StrEnum):
    """現物給付だけの月を多数回に数えるか."""

    COUNTED = "counted"
    NOT_COUNTED = "not_counted"


class AnnualCapAmounts(StrEnum):
    """年間上限に積み上げる額."""

    REFUSE = "refuse"
    AGGREGATED = "aggregated"
    ALL = "all"


class ActiveMonths(StrEnum):
    """外来年間合算で現役並みだった月."""

    EXCLUDED = "excluded"
    INCLUDED = "included"


class ClassBounds(StrEnum):
    """13区分の境界ちょうどの所得."""

    LOWER_CLASS = "lower_class"
    REFUSE = "refuse"


def _choice(default: StrEnum, question: str, reason: str, english: str) -> Any:
    return field(default=default, metadata={"question": question, "reason": reason, "english": english})


@frozen
class Choices:
    """給付の選択. Every default is what the sources support best; where they support nothing, it refuses."""

    unverified_amounts: Unverified = _choice(
        Unverified.REFUSE,
        "公開資料で確認できていない額(印R)を使うか",
        "育成医療の区分、平成30年7月以前の70歳以上の公費併用限度額。誤った額で答えるより、確かめてから使う",
        "Figures that no public source confirms",
    )
    subsidised_ceiling: SubsidisedCeiling = _choice(
        SubsidisedCeiling.REFUSE,
        "令和8年8月以降の、区分によらない公費併用部分の限度額(結核・更生医療・生活保護など)",
        "令和8年政令第240号でこの額が改められたかを確認できていない。unchanged は7月までの額を続ける",
        "Ceilings of subsidised parts from 2026-08 on",
    )
    specific_disease_amounts: Continued = _choice(
        Continued.UNCHANGED,
        "令和8年8月以降の特定疾病の限度額(10,000円・20,000円)",
        "令和8年の改正でこの額を改める資料は見当たらない。refuse は確認できるまで計算しない",
        "Ceilings of specific diseases from 2026-08 on",
    )
    specific_disease_on_move: DiseaseOnMove = _choice(
        DiseaseOnMove.REFUSE,
        "県内転居月の特定疾病の限度額",
        "2分の1になるのは75歳到達月だけ資料で確認できる。whole はそのまま、divided は2分の1",
        "Ceiling of a specific disease in the month of a move",
    )
    specific_disease_remainder: DiseaseRemainder = _choice(
        DiseaseRemainder.EXCLUDED,
        "特定疾病の限度額を超えた療養の、限度額まで負担した分を世帯で合算するか",
        "健康保険法施行令41条1項1号のかっこ書き(国保も同じ構造)はこの療養を除く。aggregated は70歳以上で合算に入れる",
        "What remains of a specific disease in the aggregation",
    )
    turning_75: Turning75 = _choice(
        Turning75.PERSON_FIRST,
        "75歳到達月の2分の1を、まず本人だけで計算してから世帯で合算するか",
        "健康保険法施行令41条2項・4項と同じ順。条文の国保での確認ができていないため、refuse で計算しないこともできる",
        "Order of the halved ceiling of somebody who turns 75",
    )
    whole_household: WholeHousehold = _choice(
        WholeHousehold.WITH_UNDER_70,
        "70歳未満の合算対象がない月にも、70歳未満の区分の限度額(第3段)を当てるか",
        "自治体の説明は「70歳以上の残り＋70歳未満の21,000円以上」を合算する段としている",
        "The third step in a month without amounts of people under 70",
    )
    in_kind_months: InKindMonths = _choice(
        InKindMonths.COUNTED,
        "現物給付で限度額止まりになっただけの月を、多数回該当の月に数えるか",
        "現物給付も高額療養費の支給である。条文の明示はない",
        "Months paid in kind alone as counted months",
    )
    annual_cap_amounts: AnnualCapAmounts = _choice(
        AnnualCapAmounts.REFUSE,
        "年間上限に積み上げる額(世帯、月の給付後の残額)に、21,000円未満の分を含めるか",
        "国保での集計単位を一次資料で確認できていない。累計額を自分で与える計算は選択なしでできる",
        "What is summed towards the annual cap",
    )
    active_months: ActiveMonths = _choice(
        ActiveMonths.EXCLUDED,
        "外来年間合算で、現役並み所得者だった月を除くか",
        "東秩父村・中野区・矢板市の説明は、現役並みだった月の分を計算に含めない",
        "Months as an active-income person in the outpatient year",
    )
    care_combined_amounts: Continued = _choice(
        Continued.REFUSE,
        "令和8年8月以降の高額介護合算療養費の限度額",
        "改定の有無を確認できていない。unchanged は令和8年7月までの額を続ける",
        "Ceilings of the medical and care total from 2026-08 on",
    )
    class_bounds: ClassBounds = _choice(
        ClassBounds.LOWER_CLASS,
        "令和9年8月からの13区分で、境界ちょうどの所得をどちらにするか",
        "資料は「〜」で書く。これまでの区分と同じく「下限を超え、上限以下」と読む",
        "Which class an income on the bound itself belongs to",
    )

    @classmethod
    def from_names(cls, given: Mapping[str, object], others: Choices | None = None) -> Choices:
        """Choices by name, as a settings file has them, the rest as in ``others``.

        Raises :class:`InvalidValue` (KKH-T012) naming each wrong one.
        """
        known = {attribute.name: attribute for attribute in fields(cls)}
        problems = []
        chosen: dict[str, StrEnum] = {}
        for name, value in given.items():
            attribute = known.get(name)
            if attribute is None:
                problems.append(Problem("KKH-T012", field="choice"))
                continue
            values: dict[object, StrEnum] = {each.value: each for each in type(attribute.default)}
            if not isinstance(value, str) or value not in values:
                problems.append(Problem("KKH-T012", field=name))
            else:
                chosen[name] = values[value]
        if problems:
            raise InvalidValue(*problems)
        return evolve(others or cls(), **chosen)  # type: ignore[arg-type]

    @classmethod
    def described(cls) -> list[ChoiceText]:
        """Every choice with its default, other values and reason, for the documents."""
        return [_text_of(attribute) for attribute in fields(cls)]


@frozen
class ChoiceText:
    """選択の説明."""

    name: str
    default: str
    others: tuple[str, ...]
    question: str
    reason: str
    english: str


def _text_of(attribute: Attribute[Any]) -> ChoiceText:
    default: StrEnum = cast(StrEnum, attribute.default)
    others = tuple(each.value for each in type(default) if each is not default)
    told = attribute.metadata
    return ChoiceText(attribute.name, default.value, others, told["question"], told["reason"], told["english"])


DEFAULT_CHOICES: Final = Choices()
