import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

export default defineConfig(
  // Faults are wrong on purpose, and so is what must not compile; examples are projects of their own, whose `brunt` is
  // not installed here: their tests compile them. Kernels in AssemblyScript are no TypeScript.
  {
    ignores: [
      'dist*/',
      '.brunt/',
      'examples/',
      'test/case/',
      'test/fault/',
      'test/types/',
      'plugins/cpu/kernels/wasm/*.ts',
    ],
  },
  ...tseslint.configs.strictTypeChecked,
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // Numbers and booleans read well in messages.
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // Arrow shorthands such as `() => socket.end()` are idiomatic here.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      // `void` as "returns nothing or an Outcome" is part of the plugin contract.
      '@typescript-eslint/no-invalid-void-type': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unused-expressions': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  { files: ['**/*.mjs', '**/*.js'], ...tseslint.configs.disableTypeChecked },
);
