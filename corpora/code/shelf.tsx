import { useMemo, useState } from "react";

type Box = { label: string; weightKg: number };

const LIMIT_KG = 40.5;

export function Shelf({ title, boxes }: { title: string; boxes: Box[] }) {
  const [open, setOpen] = useState<boolean>(true);
  const load = useMemo(() => boxes.reduce((sum, box) => sum + box.weightKg, 0), [boxes]);

  return (
    <section className={load > LIMIT_KG ? "full" : "free"}>
      <h2 onClick={() => setOpen(!open)}>{title}: {load.toFixed(2)} kg</h2>
      {open && (
        <ul>
          {boxes.map((box, index) => (
            <li key={index} data-weight={box.weightKg}>{box.label}</li>
          ))}
        </ul>
      )}
    </section>
  );
}
