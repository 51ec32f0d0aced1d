// What Netron shows of models and attachments: node netron.mjs FOLDER MODEL [ATTACHMENT] prints it as JSON.
//
// FOLDER holds the sources of the Python package `netron`, in which view.js exports Attachment too (formats.py sees to it).

import * as fs from 'fs/promises';
import * as path from 'path';
import { pathToFileURL } from 'url';

const [, , folder, model, attached] = process.argv;
const load = (id) => import(pathToFileURL(path.join(folder, `${id}.js`)));
const base = await load('base');
const view = await load('view');

const context = async (file) => ({
    identifier: path.basename(file),
    stream: new base.BinaryStream(await fs.readFile(file)),
    entries: new Map(),
    asset: (name) => fs.readFile(path.join(folder, name), 'utf-8'),
    fetch: (name) => Promise.reject(new Error(`no ${name}`)),
    require: (id) => load(id),
    error: () => {},
});

const host = { require: (id) => load(id), environment: () => null, event: () => {} };
const found = await new view.ModelFactoryService(host).open(await context(model));
const attachment = new view.Attachment();
const opened = attached ? await attachment.open(await context(attached)) : null;

const entries = (list) => Object.fromEntries(list.map((entry) => [entry.name, entry.value]));
const both = (kind, target) => ({
    name: target.name || '',
    metadata: entries(attachment.metadata[kind](target)),
    metrics: entries(attachment.metrics[kind](target)),
});
const nodes = found.modules[0].nodes.map((node) => {
    const made = node.outputs[0]?.value[0];
    return { ...both('node', node), made: made ? both('value', made) : null };
});
process.stdout.write(JSON.stringify({ opened, model: both('model', found), nodes }));
