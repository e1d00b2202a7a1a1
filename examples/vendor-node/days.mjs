// 日付: YYYYMMDD as text, which compares as days do; an empty text is «not set».

const moment = (day) => Date.UTC(Number(day.slice(0, 4)), Number(day.slice(4, 6)) - 1, Number(day.slice(6, 8)));

/** Days from one day to another. */
export const daysBetween = (from, to) => Math.round((moment(to) - moment(from)) / 86_400_000);

/** The day so many days later. */
export const plusDays = (day, days) => new Date(moment(day) + days * 86_400_000).toISOString().slice(0, 10).replaceAll("-", "");

/** The earlier of two ends, of which either may be open. */
export const earlierEnd = (one, other) => (!one ? other : !other ? one : one < other ? one : other);
