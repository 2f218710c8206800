/**
 * The schema of a scenario, compiled to the text of a module: run by the build, which puts it beside this file as
 * `made-validator.js`, so that no command has to load ajv or wait for it. The only import of ajv.
 */
import { _, Ajv } from 'ajv';
import standalone from 'ajv/dist/standalone/index.js';
import { scenarioSchema } from './schema-form.js';
import { SENTENCES } from './schema-parts.js';

/** Leaves `makeValidator(formats)`; what it makes answers true, or false with `errors`. */
export function validatorSource(): string {
  const ajv = new Ajv({
    // The schema is our own and its test checks it.
    meta: false,
    validateSchema: false,
    allErrors: true,
    verbose: true,
    discriminator: true,
    allowUnionTypes: true,
    strictRequired: false,
    strictTypes: false,
    code: { source: true, formats: _`formats` },
  });
  ajv.addVocabulary(['wanted', 'later']);
  // Only their names are in the text: who uses it brings the functions.
  for (const format of Object.keys(SENTENCES)) ajv.addFormat(format, () => true);
  const body = standalone.default(ajv, ajv.compile(scenarioSchema('desugared')));
  // It is to stand alone: what it would need of ajv when it runs, the package would have to bring.
  if (body.includes('require(')) throw new Error('the compiled schema needs parts of ajv');
  return `export function makeValidator(formats) {\nconst module = {};\n${body}\nreturn module.exports;\n}\n`;
}
