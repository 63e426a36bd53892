/** What --faithfulness found over several pictures or methods: the mean areas of each method. */
import { methodIds, type MethodId } from '../../engine/methods';
import type { Explained } from '../../inspect/explainPicture';

interface Means {
  deletion: number;
  insertion: number;
  random: number;
}

export class Summary {
  private readonly found = new Map<MethodId, Means[]>();

  add({ maps }: Explained): void {
    for (const id of methodIds) {
      const faithfulness = maps[id]?.facts.faithfulness;
      if (!faithfulness) continue;
      const { deletion, insertion, random } = faithfulness;
      const areas = { deletion: deletion.auc, insertion: insertion.auc, random: random?.auc ?? NaN };
      this.found.set(id, [...(this.found.get(id) ?? []), areas]);
    }
  }

  /** Maps that were looked at. */
  get size(): number {
    return [...this.found.values()].reduce((sum, each) => sum + each.length, 0);
  }

  json(): { methods: ({ method: MethodId; pictures: number; difference: number } & Means)[] } {
    const methods = [...this.found].map(([method, each]) => {
      const mean = (name: keyof Means) => each.reduce((sum, areas) => sum + areas[name], 0) / each.length;
      const [deletion, insertion, random] = [mean('deletion'), mean('insertion'), mean('random')];
      return { method, pictures: each.length, deletion, insertion, random, difference: insertion - deletion };
    });
    return { methods: methods.sort((a, b) => b.difference - a.difference) };
  }

  /** Best first: the larger insertion is and the smaller deletion, the more the map's order says about the class. */
  table(): string {
    const rows = this.json().methods.map(({ method, pictures, deletion, insertion, random, difference }) => [
      method,
      String(pictures),
      ...[deletion, insertion, random, difference].map((area) => area.toFixed(3)),
    ]);
    const all = [['method', 'pictures', 'deletion', 'insertion', 'random', 'insertion - deletion'], ...rows];
    const widths = all[0]!.map((_, i) => Math.max(...all.map((row) => row[i]!.length)));
    const line = (row: string[]) =>
      row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)));
    return all.map((row) => line(row).join('  ')).join('\n');
  }
}
