// Grants of a matter, as the server lists them to the agency that owns it.
import { useQuery } from "@tanstack/react-query";
import { json, write } from "~/api/client";
import { Problem } from "~/api/problem";
import { queries, touched } from "~/api/queries";
import type { components } from "~/api/schema";

export type Grant = components["schemas"]["GrantShown"];
type Asked = components["schemas"]["GrantBody"];

const key = (matter: string) => ["matter", matter, "grants"];

/** Who else sees a matter is the owner's to know: nothing is asked for others. */
export const useGrants = (matter: string, isOwn: boolean) =>
  useQuery({
    queryKey: key(matter),
    queryFn: async () => (await json<{ grants: Grant[] }>(`/api/v1/matters/${matter}/grants`)).grants,
    enabled: isOwn,
  });

export async function give(matter: string, asked: Asked): Promise<void> {
  await write<{ id: string }>("POST", `/api/v1/matters/${matter}/grants`, asked);
  settle(matter);
}

export async function revoke(matter: string, grant: string): Promise<void> {
  try {
    await write("DELETE", `/api/v1/matters/${matter}/grants/${grant}`);
  } catch (error) {
    // It is over already: by its day, or somebody else took it back.
    if (!(error instanceof Problem && error.code === "grant_not_found")) throw error;
  }
  settle(matter);
}

function settle(matter: string): void {
  void queries.invalidateQueries({ queryKey: key(matter) });
  touched(matter);
}
