import type { Matter, Procedure } from "~/api/shapes";
export function SharingTab({ matter }: { matter: Matter; definition: Procedure }) {
  return <p>{matter.id}</p>;
}
