/** What an editor makes of the committed schema, through the language service that editors use. */
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JSONDocument, LanguageService, TextDocument } from 'vscode-json-languageservice';
import json from 'vscode-json-languageservice';
import { ROOT } from '../../support/root.js';

const SCHEMA = 'file:///scenario.schema.json';
const service: LanguageService = json.getLanguageService({
  schemaRequestService: (uri) =>
    uri === SCHEMA
      ? Promise.resolve(readFileSync(join(ROOT, 'scenarios', 'scenario.schema.json'), 'utf8'))
      : Promise.reject(new Error(`no ${uri}`)),
});

/** "|" marks where the cursor is. */
function opened(body: string): { document: TextDocument; parsed: JSONDocument; at: number } {
  const marked = `{ "$schema": "${SCHEMA}", "version": 1, ${body} }`;
  const text = marked.replace('|', '');
  const document = json.TextDocument.create('file:///s.json', 'json', 1, text);
  return { document, parsed: service.parseJSONDocument(document), at: marked.indexOf('|') };
}

async function offered(body: string): Promise<string[]> {
  const { document, parsed, at } = opened(body);
  const list = await service.doComplete(document, document.positionAt(at), parsed);
  return (list?.items ?? []).map(({ label }) => label.replaceAll('"', ''));
}

async function hovered(body: string): Promise<string> {
  const { document, parsed, at } = opened(body);
  const hover = await service.doHover(document, document.positionAt(at), parsed);
  return JSON.stringify(hover?.contents ?? '');
}

async function marked(body: string): Promise<string[]> {
  const { document, parsed } = opened(body);
  return (await service.doValidation(document, parsed)).map(({ message }) => JSON.stringify(message));
}

const PHASE = '"phases": [{ "name": "x", "duration": "1s" }]';

describe('an editor with the schema', () => {
  it('completes keys', async () => {
    expect(await offered('"|"')).to.include.members(['actors', 'phases', 'probes', 'target', 'extends']);
    expect(await offered('"actors": { "cpu": { "|" } }')).to.include.members(['peak', 'instances', 'with']);
    expect(await offered('"phases": [{ "|" }]')).to.include.members(['name', 'until', 'repeat', 'measure']);
  });

  it('completes shapes and what they need', async () => {
    const shapes = await offered('"phases": [{ "load": { "cpu": { "shape": "|" } } }]');
    expect(shapes).to.include.members(['hold', 'ramp', 'sine', 'bursts', 'trace']);
    const keys = await offered('"phases": [{ "load": { "cpu": { "shape": "bursts", "|" } } }]');
    expect(keys).to.include.members(['level', 'on', 'off']);
  });

  it('completes names and options of what is built in', async () => {
    expect(await offered('"actors": { "a": { "uses": "|" } }')).to.include.members(['cpu', 'memory']);
    expect(await offered('"actors": { "cpu": { "with": { "|" } } }')).to.include('period');
    expect(await offered('"actors": { "a": { "uses": "cpu", "with": { "|" } } }')).to.include('period');
  });

  it('says what a key means', async () => {
    expect(await hovered(`"actors": { "cpu": { "pe|ak": "1cores" } }, ${PHASE}`)).to.include('100 %');
    expect(await hovered('"phases": [{ "un|til": "done" }]')).to.include('Ends the phase early');
    const level = '"with": { "per|iod": "50ms" }';
    for (const actor of [`"cpu": { ${level} }`, `"a": { "uses": "cpu", ${level} }`])
      expect(await hovered(`"actors": { ${actor} }, ${PHASE}`), actor).to.include('works and rests');
  });

  it('marks what is wrong, and nothing else', async () => {
    expect(await marked(`"actors": { "cpu": { "instances": 0 } }, ${PHASE}`)).to.have.length(1);
    expect(await marked(`"actors": { "cpu": { "instanses": 2 } }, ${PHASE}`)).to.have.length(1);
    expect(await marked(`"actors": { "cpu": { "with": { "perod": "1s" } } }, ${PHASE}`)).to.have.length(1);
    expect(await marked(`"actors": { "cpu": {} }, ${PHASE}`)).to.deep.equal([]);
    expect(await marked('"description": "needs only its version"')).to.deep.equal([]);
  });

  it('takes a variable wherever a value stands', async () => {
    const body =
      '"seed": "${seed}", "actors": { "cpu": { "instances": "${n}", "arrival": "${how}" }, "memory": null }, ' +
      '"phases": [{ "name": "${name}", "duration": "${long}", "repeat": "${often}", "measure": "${measured}", ' +
      '"load": { "cpu": "${level}" } }]';
    expect(await marked(body)).to.deep.equal([]);
  });
});
