import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { openFrequency, openTemperature } from '../../../core/linux/thermal.js';

describe('temperature and frequency', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'brunt-sysfs-'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  function put(path: string, text: string): void {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }

  it('are not there where sysfs says nothing', () => {
    expect(openTemperature(root)).to.equal(null);
    expect(openFrequency(undefined, root)).to.equal(null);
  });

  it('are of the hottest zone, and of the processor’s own chip where it has one', () => {
    put('class/thermal/thermal_zone0/temp', '41000\n');
    put('class/thermal/thermal_zone1/temp', '52500\n');
    const zones = openTemperature(root)!;
    expect(zones.read()).to.equal(52.5);
    put('class/thermal/thermal_zone1/temp', '-3000\n');
    expect(zones.read(), 'read anew each time').to.equal(41);
    zones.close();
    put('class/hwmon/hwmon0/name', 'nvme\n');
    put('class/hwmon/hwmon0/temp1_input', '99000\n');
    put('class/hwmon/hwmon1/name', 'coretemp\n');
    put('class/hwmon/hwmon1/temp1_input', '60000\n');
    put('class/hwmon/hwmon1/temp2_input', '61000\n');
    const chips = openTemperature(root)!;
    expect(chips.read()).to.equal(61);
    put('class/hwmon/hwmon1/temp1_input', '');
    put('class/hwmon/hwmon1/temp2_input', '');
    expect(chips.read(), 'a sensor that is silent').to.equal(null);
    chips.close();
  });

  it('is the mean of what the processors run at, in hertz', () => {
    put('devices/system/cpu/cpu0/cpufreq/scaling_cur_freq', '1000000\n');
    put('devices/system/cpu/cpu1/cpufreq/scaling_cur_freq', '3000000\n');
    put('devices/system/cpu/cpufreq/policy0/scaling_cur_freq', '9000000\n');
    const all = openFrequency(undefined, root)!;
    expect(all.read()).to.equal(2e9);
    all.close();
    const one = openFrequency([1], root)!;
    expect(one.read()).to.equal(3e9);
    one.close();
    expect(openFrequency([7], root)).to.equal(null);
  });
});
