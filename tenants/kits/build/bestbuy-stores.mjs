import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseCsv } from './csv.mjs';
import {
  byText,
  classesByValue,
  distanceKm,
  ediPartners,
  median,
  money,
  openingMovements,
  slug,
  without,
} from './derive.mjs';

const categories = ['Fresh', 'Milk', 'Grocery', 'Frozen', 'Detergents_Paper', 'Delicassen'];
const channels = { 1: 'Horeca', 2: 'Retail' };
const wholesaleRegions = { 1: 'Lisbon', 2: 'Oporto', 3: 'Other' };

export function bestbuyStores(raw) {
  const stores = JSON.parse(readFileSync(join(raw, 'bestbuy-stores/stores.json'), 'utf8')).sort(
    (a, b) => a.id - b.id,
  );
  const places = stores.map((store) => ({
    code: String(store.id),
    name: store.name.trim(),
    latitude: store.location.lat,
    longitude: store.location.lon,
    store,
  }));
  const big = places.filter(({ store }) => store.type === 'BigBox');
  const spend = parseCsv(readFileSync(join(raw, 'uci-wholesale-customers/wholesale_customers.csv'), 'utf8'));
  const items = categories.map((category) => {
    const weekly = median(spend.map((account) => Number(account[category]))) / 52;
    return { code: slug(category), name: category.replace('_', ' and '), price: money(weekly) };
  });
  const stock = big.flatMap(({ code }, i) =>
    items.map((item, j) => ({ item: skuOf(item), warehouse: code, on_hand: 40 + ((7 * i + 13 * j) % 160) })),
  );
  const accounts = accountsOf(spend, places);
  return {
    title: 'Best Buy Stores',
    sources: [
      {
        name: 'BestBuyAPIs/open-data-set @ 007fab1, stores',
        url: 'https://github.com/BestBuyAPIs/open-data-set',
        licence: 'CC0-1.0',
      },
      {
        name: 'UCI Machine Learning Repository, Wholesale customers (M. Cardoso, 2014)',
        url: 'https://archive.ics.uci.edu/dataset/292/wholesale+customers',
        licence: 'CC-BY-4.0',
      },
    ],
    notes: [
      'Branches are the 1,565 stores with their real places, regions are states; each BigBox store is a warehouse too.',
      'A branch is served by the nearest two warehouses along the great circle.',
      'Accounts are those of a Lisbon wholesaler, given to the stores in turn, with their channel as category; the two sources have nothing to do with one another.',
      'Class: annual spend over all categories, deciles 1-2 A, 3-5 B, the others C.',
      'Items are the six categories in which that wholesaler counts spend; the list price of a case is the median spend of a week, cost 80 % of it.',
      'Quantities on hand are invented. So are the EDI identities of the ten largest accounts.',
    ],
    licenceFiles: [join(raw, 'bestbuy-stores/LICENSE.CC0')],
    attribution: [
      'Accounts, classes, items and prices of this kit are derived from:',
      'Cardoso, M. (2014). Wholesale customers [Dataset]. UCI Machine Learning Repository. https://doi.org/10.24432/C5030X',
      'Licensed under the Creative Commons Attribution 4.0 International licence (CC BY 4.0),',
      'https://creativecommons.org/licenses/by/4.0/. Changed: see the notes in kit.json.',
      'Stores: Best Buy open data set, CC0 1.0, see LICENSE.CC0.',
    ],
    tables: {
      region: [...new Set(stores.map(({ state }) => state))]
        .sort(byText)
        .map((state) => ({ code: state.toLowerCase(), name: state })),
      branch: places.map(({ store, ...place }) => ({
        ...place,
        region: store.state.toLowerCase(),
        attributes: { type: store.type, city: store.city, zip: store.zip },
      })),
      warehouse: without(big, 'store').map((place) => ({ ...place, branch: place.code })),
      branch_sourcing: places.flatMap((place) =>
        nearest(place, big, 2).map((warehouse, i) => ({
          branch: place.code,
          position: i + 1,
          warehouse: warehouse.code,
        })),
      ),
      account: without(accounts, 'value'),
      item_group: items.map(({ code, name }) => ({ code, name })),
      item: items.map((item) => ({
        sku: skuOf(item),
        description: `${item.name}, case`,
        uom: 'CS',
        item_group: item.code,
        cost: money(Number(item.price) * 0.8),
        list_price: item.price,
      })),
      item_group_member: items.map((item) => ({ item_group: item.code, item: skuOf(item) })),
      price_rule: [
        { code: 'class-a', kind: 'CLASS', description: 'Discount of class A', class: 'A', percent_off: '5' },
        { code: 'class-b', kind: 'CLASS', description: 'Discount of class B', class: 'B', percent_off: '2' },
      ],
      pricing_policy: [{ account_class: '*', floor_margin_percent: '5', floor_mode: 'CLAMP' }],
      stock,
      stock_movement: openingMovements('bestbuy-stores', stock, '2016-01-01 00:00:00+00'),
      edi_partner: ediPartners([...accounts].sort((a, b) => b.value - a.value).slice(0, 10)),
    },
  };
}

function skuOf(item) {
  return `CASE-${item.code.toUpperCase()}`;
}

function accountsOf(spend, places) {
  const codeOf = (i) => `W${String(i + 1).padStart(3, '0')}`;
  const values = new Map(
    spend.map((account, i) => [
      codeOf(i),
      categories.reduce((total, category) => total + Number(account[category]), 0),
    ]),
  );
  const classes = classesByValue(values);
  return spend.map(({ Channel, Region }, i) => ({
    code: codeOf(i),
    name: `${channels[Channel]} account ${i + 1}`,
    class: classes.get(codeOf(i)),
    category: channels[Channel],
    branch: places[Math.floor((i * places.length) / spend.length)].code,
    delivery_rule: classes.get(codeOf(i)) === 'C' ? 'COMPLETE' : 'PARTIAL',
    attributes: { market: wholesaleRegions[Region], annualSpend: values.get(codeOf(i)) },
    value: values.get(codeOf(i)),
  }));
}

function nearest(place, warehouses, count) {
  return warehouses
    .map((warehouse) => ({ code: warehouse.code, distance: distanceKm(place, warehouse) }))
    .sort((a, b) => a.distance - b.distance || (a.code < b.code ? -1 : 1))
    .slice(0, count);
}
