import { describe, expect, it } from "vitest";
import { type Answers, faults, isRightNumber, NO_ANSWERS, named, parties } from "./answers";

const whole: Answers = {
  ...NO_ANSWERS,
  rights: "国作登字-2024-F-1",
  holder: "晨江音乐",
  where: "https://a.example/1",
  contact: "0512-1",
};
const wrong = (change: Partial<Answers>, files = 0, needsAgency = false) =>
  faults({ ...whole, ...change }, files, needsAgency).map((one) => `${one.step}.${one.field} ${one.what}`);

describe("answers", () => {
  it("are whole, or say what is missing and where", () => {
    expect(wrong({})).toEqual([]);
    expect(wrong(NO_ANSWERS)).toEqual([
      "right.rights right_missing",
      "right.holder holder_missing",
      "where.where where_missing",
      "who.name name_missing",
      "who.contact contact_missing",
    ]);
    expect(wrong({ where: "x" })).toEqual(["where.where where_bad"]);
    expect(wrong({ files: [{ name: "a", size: 1, kind: "evidence" }] })).toEqual(["where.files files_gone"]);
    expect(wrong({ who: "anonymous", contact: "" })).toEqual([]);
    expect(wrong({}, 0, true)).toEqual(["right.agency agency_missing"]);
    expect(wrong({ received_on: "2999-01-01" })).toEqual(["who.received_on day_wrong"]);
    expect(wrong({ number: "91440300708461136X" })).toEqual(["who.number number_wrong"]);
  });

  it("know wrong check digits", () => {
    expect(isRightNumber("legal", " ９1440300 7084 61136T")).toBe(true);
    expect(isRightNumber("legal", "91440300708461136A")).toBe(false);
    expect(isRightNumber("natural", "11010519491231002X")).toBe(true);
    expect(isRightNumber("natural", "110105194912310021")).toBe(false);
    expect(isRightNumber("natural", "E12345678")).toBe(true);
  });

  it("name up to 200 things, and tell how many more there are", () => {
    const many = Array.from({ length: 500 }, (_, at) => `https://a.example/${at}`).join("\n");
    const { value, left } = named({ ...whole, where: `平台: 甲\n${many}` });
    expect(value.links.length + value.accounts.length + value.rights.length).toBe(200);
    expect(left).toBe(501 - 199);
    expect(named({ ...whole, rights: "", work: "晨江曲" }).value.rights).toEqual(["晨江曲"]);
  });

  it("become the parties of the matter", () => {
    expect(parties(whole)).toMatchObject([
      { do: "add_party", party: { roles: ["complainant", "right_holder"], kind: "legal", name: "晨江音乐" } },
    ]);
    expect(parties({ ...whole, who: "agent", name: "王律师", party_kind: "natural" })).toMatchObject([
      { party: { roles: ["complainant", "agent"], name: "王律师" } },
      { party: { roles: ["right_holder"], name: "晨江音乐" } },
    ]);
    expect(parties({ ...whole, who: "anonymous" })).toMatchObject([{ party: { roles: ["right_holder"] } }]);
  });
});
