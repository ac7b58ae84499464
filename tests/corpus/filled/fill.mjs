// Fills a form as Firefox does: the values are stored and the document saved by pdf.js.
import { readFileSync, writeFileSync } from "node:fs";
import { getDocument } from "pdfjs-dist/legacy/build/pdf.mjs";

const [, , source, target] = process.argv;
const values = {
  nom: "Zoé Lefèvre, 12 €",
  note: "allergie à l’arachide\nstylo d’adrénaline\nappeler le 15\nœuf : non",
  repas: "Non",
  accord: true,
};
const data = new Uint8Array(readFileSync(source));
const form = await getDocument({ data, standardFontDataUrl: "node_modules/pdfjs-dist/standard_fonts/" }).promise;
for (const [name, widgets] of Object.entries(await form.getFieldObjects()))
  for (const { id } of widgets) if (name in values) form.annotationStorage.setValue(id, { value: values[name] });
writeFileSync(target, await form.saveDocument());
