// Where the files of a matter are sent to and fetched from: under the matter, or, for who filed it from outside, under the filing.
//
// In:  the id of a matter, or what `filed` makes of the id of a filing.
// Out: the part of an address behind `/api/v1/`.

const FILED = "filings/";

/** A filing, for whatever takes the id of a matter in order to send or fetch files. */
export const filed = (id: string): string => FILED + id;

/** The id of the filing, where it is one. */
export const filingOf = (place: string): string | undefined =>
  place.startsWith(FILED) ? place.slice(FILED.length) : undefined;

export const pathOf = (place: string): string => (filingOf(place) === undefined ? `matters/${place}` : place);
