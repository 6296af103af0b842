/** Under this name coverage is kept of what was heard, not asked for: the intervals between telegrams. */
export const HEARD_PROFILE = "heard";
