import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parseCsv } from './csv.mjs';
import {
  byText,
  classesByValue,
  ediPartners,
  groupBy,
  heaviest,
  median,
  money,
  openingMovements,
  slug,
  sum,
  without,
} from './derive.mjs';

const walkIn = 'WALK-IN';

/** Countries by region; one that is not here belongs to `rest-of-world`. */
const regionCountries = {
  'united-kingdom-ireland': ['United Kingdom', 'EIRE', 'Channel Islands'],
  'western-europe': [
    'France',
    'Germany',
    'Netherlands',
    'Belgium',
    'Switzerland',
    'Austria',
    'European Community',
  ],
  'southern-europe': ['Spain', 'Portugal', 'Italy', 'Greece', 'Cyprus', 'Malta'],
  'northern-europe': ['Norway', 'Sweden', 'Denmark', 'Finland', 'Iceland'],
  'eastern-europe': ['Poland', 'Lithuania', 'Czech Republic'],
  'middle-east': ['Israel', 'Saudi Arabia', 'United Arab Emirates', 'Lebanon', 'Bahrain'],
};

const regionNames = {
  'united-kingdom-ireland': 'United Kingdom and Ireland',
  'western-europe': 'Western Europe',
  'southern-europe': 'Southern Europe',
  'northern-europe': 'Northern Europe',
  'eastern-europe': 'Eastern Europe',
  'middle-east': 'Middle East',
  'rest-of-world': 'Rest of the World',
};

/** Invented: the raw data know no stock. */
const warehouses = [
  {
    code: 'london',
    name: 'London warehouse',
    branch: 'united-kingdom',
    latitude: 51.5074,
    longitude: -0.1278,
  },
  {
    code: 'rotterdam',
    name: 'Rotterdam warehouse',
    branch: 'netherlands',
    latitude: 51.9244,
    longitude: 4.4777,
  },
];

/** Share of a price among an item's sales from which it is one of its common prices. */
const commonShare = 0.03;
const linesForBreaks = 50;

export function albionGifts(raw) {
  const csv = gunzipSync(readFileSync(join(raw, 'uci-online-retail/online_retail.csv.gz'))).toString('utf8');
  const history = historyOf(parseCsv(csv));
  const countries = [...new Set(history.map((line) => line.country))].sort(byText);
  const accounts = accountsOf(history);
  const { items, breaks } = itemsOf(history);
  const stock = stockOf(items, history);
  return {
    title: 'Albion Gifts',
    sources: [
      {
        name: 'UCI Machine Learning Repository, Online Retail (D. Chen, 2015)',
        url: 'https://archive.ics.uci.edu/dataset/352/online+retail',
        licence: 'CC-BY-4.0',
      },
    ],
    notes: [
      'Order history: every line of the source, cancellations too. Line numbers count within an invoice; item codes are in capitals; local times stand as UTC.',
      'Branches are countries. An account is a CustomerID, in the country of most of its lines; lines without one belong to WALK-IN.',
      'Class: net value over the whole history, deciles 1-2 A, 3-5 B, the others C; the source has no names.',
      'Items are codes of five digits with letters behind; postage, vouchers, fees and adjustments are in the history alone.',
      `List price: the highest common price that known accounts paid (${100 * commonShare} % of an item's sales or more); of items with fewer than ${linesForBreaks} sales the most frequent one.`,
      'Quantity breaks: lower common prices from the median quantity at which they were paid, where it rises as the price falls.',
      'Derived: cost is 60 % of the lowest price; stock is what was sold in the last four weeks, at least 24, a quarter of it in Rotterdam. Both warehouses are invented.',
      'EDI identities of the ten accounts of highest value are invented.',
    ],
    attribution: [
      'Order history, items, prices, accounts and countries of this kit are derived from:',
      'Chen, D. (2015). Online Retail [Dataset]. UCI Machine Learning Repository. https://doi.org/10.24432/C5BW33',
      'Licensed under the Creative Commons Attribution 4.0 International licence (CC BY 4.0),',
      'https://creativecommons.org/licenses/by/4.0/. Changed: see the notes in kit.json.',
    ],
    tables: {
      region: Object.entries(regionNames).map(([code, name]) => ({ code, name })),
      branch: countries.map((country) => ({ code: slug(country), name: country, region: regionOf(country) })),
      warehouse: warehouses,
      branch_sourcing: countries.flatMap((country) => {
        const near =
          regionOf(country) === 'united-kingdom-ireland' ? ['london', 'rotterdam'] : ['rotterdam', 'london'];
        return near.map((warehouse, i) => ({ branch: slug(country), position: i + 1, warehouse }));
      }),
      account: without(accounts, 'value'),
      item: items,
      price_rule: breaks,
      pricing_policy: [{ account_class: '*', floor_margin_percent: '10', floor_mode: 'CLAMP' }],
      stock,
      stock_movement: openingMovements('albion-gifts', stock, '2011-12-09 12:50:00+00'),
      edi_partner: ediPartners(
        [...accounts]
          .sort((a, b) => b.value - a.value)
          .filter(({ code }) => code !== walkIn)
          .slice(0, 10),
      ),
      order_history_line: history.map(({ country, ...line }) => ({ ...line, branch: slug(country) })),
    },
  };
}

function historyOf(lines) {
  const lineNo = new Map();
  return lines.map((line) => {
    const invoice = line.InvoiceNo;
    lineNo.set(invoice, (lineNo.get(invoice) ?? 0) + 1);
    return {
      invoice,
      line_no: lineNo.get(invoice),
      item: line.StockCode.toUpperCase(),
      description: line.Description.trim() || null,
      qty: Number(line.Quantity),
      unit_price: line.UnitPrice,
      account: line.CustomerID === '' ? walkIn : line.CustomerID.replace(/\.0$/, ''),
      invoiced_at: `${line.InvoiceDate}+00`,
      country: line.Country,
    };
  });
}

function regionOf(country) {
  const found = Object.entries(regionCountries).find(([, countries]) => countries.includes(country));
  return found?.[0] ?? 'rest-of-world';
}

function accountsOf(history) {
  const linesOf = groupBy(history, (line) => line.account);
  const values = new Map(
    [...linesOf].map(([code, lines]) => [code, sum(lines, (line) => line.qty * Number(line.unit_price))]),
  );
  const classes = classesByValue(new Map([...values].filter(([code]) => code !== walkIn)));
  return [...linesOf.keys()].sort(byText).map((code) => ({
    code,
    name: code === walkIn ? 'Walk-in buyers' : `Account ${code}`,
    class: classes.get(code) ?? 'C',
    category: code === walkIn ? 'Retail' : 'Wholesale',
    branch: slug(heaviest(linesOf.get(code), (line) => line.country)),
    currency: 'GBP',
    delivery_rule: classes.get(code) === 'C' ? 'COMPLETE' : 'PARTIAL',
    value: values.get(code),
  }));
}

function itemsOf(history) {
  const sales = history.filter(
    (line) => /^\d{5}[A-Z]*$/.test(line.item) && line.qty > 0 && Number(line.unit_price) > 0,
  );
  const items = [];
  const breaks = [];
  for (const [sku, lines] of [...groupBy(sales, (line) => line.item)].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const known = lines.filter((line) => line.account !== walkIn);
    const schedule = priceSchedule(known.length > 0 ? known : lines);
    items.push({
      sku,
      description:
        heaviest(
          lines.filter((line) => line.description !== null),
          (line) => line.description,
        ) ?? sku,
      uom: 'EA',
      cost: money(schedule.at(-1).price * 0.6),
      list_price: String(schedule[0].price),
    });
    for (const { price, from } of schedule.slice(1)) {
      breaks.push({
        code: `break-${sku.toLowerCase()}-${from}`,
        kind: 'LIST',
        description: `From ${from} units`,
        item: sku,
        min_qty: from,
        unit_price: String(price),
      });
    }
  }
  return { items, breaks };
}

/** List price first, then ever lower prices from ever larger quantities. */
function priceSchedule(lines) {
  const byPrice = groupBy(lines, (line) => Number(line.unit_price));
  if (lines.length < linesForBreaks)
    return [{ price: Number(heaviest(lines, (line) => line.unit_price)), from: 1 }];
  const common = [...byPrice]
    .filter(([, paid]) => paid.length >= commonShare * lines.length)
    .map(([price, paid]) => ({ price, from: Math.round(median(paid.map((line) => line.qty))) }))
    .sort((a, b) => b.price - a.price);
  const [list, ...lower] = common;
  const schedule = [{ price: list.price, from: 1 }];
  let last = list.from;
  for (const { price, from } of lower) {
    if (from <= last) continue;
    schedule.push({ price, from });
    last = from;
  }
  return schedule;
}

function stockOf(items, history) {
  const lastWeeks = history.filter((line) => line.invoiced_at >= '2011-11-11' && line.qty > 0);
  const soldOf = groupBy(lastWeeks, (line) => line.item);
  return items.flatMap(({ sku }) => {
    // Single orders above a thousand units were stock clearances or mistakes that were cancelled.
    const sold = sum(soldOf.get(sku) ?? [], (line) => Math.min(line.qty, 1000));
    const onHand = Math.max(24, sold);
    const rotterdam = Math.floor(onHand / 4);
    return [
      { item: sku, warehouse: 'london', on_hand: onHand - rotterdam },
      { item: sku, warehouse: 'rotterdam', on_hand: rotterdam },
    ];
  });
}
