import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { classesByValue, ediPartners, groupBy, openingMovements, slug } from './derive.mjs';

/** Territory of each sales person, as in AdventureWorks' table Sales.SalesPerson, which the raw data lack. */
const territoryOfSalesPerson = {
  275: '2',
  276: '4',
  277: '3',
  278: '6',
  279: '5',
  280: '1',
  281: '4',
  282: '6',
  283: '1',
  284: '1',
  286: '9',
  288: '8',
  289: '10',
  290: '7',
};

/** The five volume discounts: in the raw data they end in 2025. */
const renewedOffers = new Set(['2', '3', '4', '5', '6']);

export function adventureWorks(raw) {
  const read = (name) =>
    readFileSync(join(raw, 'adventureworks', `${name}.csv`), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split('\t'));
  const territories = read('SalesTerritory').map(([id, name, country, group]) => ({
    id,
    name,
    country,
    group,
  }));
  const branchOf = new Map(territories.map((territory) => [territory.id, slug(territory.name)]));
  const locations = new Map(read('Location').map(([id, name]) => [id, { code: slug(name), name }]));
  const products = productsOf(read('Product'), read('ProductSubcategory'), read('ProductCategory'));
  const accounts = accountsOf(readFileSync(join(raw, 'adventureworks/Store.csv'), 'utf8'), branchOf);
  const stock = stockOf(read('ProductInventory'), products, locations);
  return {
    title: 'Adventure Works Cycles',
    sources: [
      {
        name: 'Microsoft AdventureWorks OLTP',
        url: 'https://github.com/microsoft/sql-server-samples',
        licence: 'MIT',
      },
    ],
    notes: [
      'Sales territories are branches, their groups regions; the 14 stock locations are warehouses, bins are added up.',
      'The 701 reseller stores are accounts of the territory of their sales person.',
      "Not in the raw files: which territory a sales person has. It follows Microsoft's sample database as we remember it.",
      'Class: annual sales of the store, of equals its floor space, deciles 1-2 A, 3-5 B, the others C.',
      'Special offers are price rules per product; the five volume discounts, which ended in 2025, have no end here.',
      'The list price history stands as LIST rules with their dates. Components are not saleable, as in the raw data.',
      'EDI identities of the ten largest accounts are invented.',
    ],
    licenceFiles: [join(raw, 'adventureworks/LICENSE.MIT')],
    tables: {
      region: [...new Set(territories.map(({ group }) => group))].map((name) => ({ code: slug(name), name })),
      branch: territories.map(({ id, name, country, group }) => ({
        code: branchOf.get(id),
        name,
        region: slug(group),
        attributes: { country },
      })),
      warehouse: [...locations.values()].map(({ code, name }) => ({ code, name })),
      branch_sourcing: territories.flatMap(({ id }) => [
        { branch: branchOf.get(id), position: 1, warehouse: 'finished-goods-storage' },
        { branch: branchOf.get(id), position: 2, warehouse: 'final-assembly' },
      ]),
      account: accounts,
      item_group: products.groups,
      item: [...products.items.values()],
      item_group_member: products.members,
      price_rule: [
        ...listPrices(read('ProductListPriceHistory'), products.items),
        ...specialOffers(read('SpecialOffer'), read('SpecialOfferProduct'), products.items),
      ],
      pricing_policy: [{ account_class: '*', floor_margin_percent: '5', floor_mode: 'CLAMP' }],
      stock,
      stock_movement: openingMovements('adventure-works', stock, '2025-08-07 00:00:00+00'),
      edi_partner: ediPartners(accounts.filter((account) => account.class === 'A').slice(0, 10)),
    },
  };
}

function productsOf(products, subcategories, categories) {
  const categoryById = new Map(categories.map(([id, name]) => [id, { code: slug(name), name }]));
  const subcategoryById = new Map(
    subcategories.map(([id, category, name]) => [id, { code: `${slug(name)}`, name, category }]),
  );
  const items = new Map();
  const members = [];
  for (const [
    id,
    name,
    number,
    ,
    finished,
    colour,
    ,
    ,
    cost,
    price,
    ,
    ,
    ,
    ,
    ,
    ,
    ,
    ,
    subcategory,
    ,
    ,
    sellEnd,
  ] of products) {
    const group = subcategoryById.get(subcategory);
    items.set(id, {
      sku: number,
      description: name,
      uom: 'EA',
      item_group: group?.code,
      cost,
      list_price: price,
      saleable: finished === '1' && Number(price) > 0,
      discontinued: sellEnd !== '',
      attributes: colour ? { colour } : {},
    });
    if (!group) continue;
    members.push({ item_group: group.code, item: number });
    members.push({ item_group: categoryById.get(group.category).code, item: number });
  }
  return {
    items,
    members,
    groups: [...categoryById.values(), ...subcategoryById.values()].map(({ code, name }) => ({ code, name })),
  };
}

function accountsOf(text, branchOf) {
  const stores = text
    .split('&|\n')
    .filter((record) => record !== '')
    .map((record) => record.split('+|'))
    .map(([id, name, salesPerson, survey]) => {
      const fact = (tag) => new RegExp(`<${tag}>([^<]*)</${tag}>`).exec(survey)?.[1];
      return { id, name, salesPerson, fact };
    });
  const classes = classesByValue(
    new Map(
      stores.map(({ id, fact }) => [id, Number(fact('AnnualSales')) + Number(fact('SquareFeet')) / 1e6]),
    ),
  );
  return stores.map(({ id, name, salesPerson, fact }) => ({
    code: id,
    name,
    class: classes.get(id),
    category: 'Reseller',
    branch: branchOf.get(territoryOfSalesPerson[salesPerson]),
    delivery_rule: classes.get(id) === 'C' ? 'COMPLETE' : 'PARTIAL',
    attributes: { specialty: fact('Specialty'), annualSales: Number(fact('AnnualSales')) },
  }));
}

function stockOf(inventory, { items }, locations) {
  return [...groupBy(inventory, ([product, location]) => `${product}/${location}`)].map(([key, bins]) => {
    const [product, location] = key.split('/');
    return {
      item: items.get(product).sku,
      warehouse: locations.get(location).code,
      on_hand: bins.reduce((total, [, , , , quantity]) => total + Number(quantity), 0),
    };
  });
}

function listPrices(history, items) {
  return history.map(([product, from, to, price]) => ({
    code: `list-${items.get(product).sku.toLowerCase()}-${from.slice(0, 10)}`,
    kind: 'LIST',
    description: 'List price',
    item: items.get(product).sku,
    unit_price: price,
    valid_from: day(from),
    valid_to: to === '' ? 'infinity' : dayAfter(to),
  }));
}

function specialOffers(offers, offerProducts, items) {
  const offerById = new Map(offers.map((offer) => [offer[0], offer]));
  return offerProducts
    .filter(([offer]) => Number(offerById.get(offer)[2]) > 0)
    .map(([id, product]) => {
      const [, description, share, , category, from, to, minQty] = offerById.get(id);
      const { sku } = items.get(product);
      return {
        code: `offer-${id}-${sku.toLowerCase()}`,
        kind: 'PROMO',
        description,
        category,
        item: sku,
        min_qty: Math.max(1, Number(minQty)),
        percent_off: String(Math.round(Number(share) * 100)),
        valid_from: day(from),
        valid_to: renewedOffers.has(id) ? 'infinity' : dayAfter(to),
      };
    });
}

function day(time) {
  return `${time.slice(0, 10)} 00:00:00+00`;
}

function dayAfter(time) {
  const next = new Date(`${time.slice(0, 10)}T00:00:00Z`);
  next.setUTCDate(next.getUTCDate() + 1);
  return day(next.toISOString());
}
