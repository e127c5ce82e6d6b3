// Where the page begins.
import { render } from 'preact';

import { App } from './app/app';
import { setClient } from './app/state';
import { assets, hasSample, openSample } from './assets';
import { Client } from './client';

setClient(new Client(assets));
render(<App sample={{ has: hasSample, open: openSample }} />, document.getElementById('app')!);
