'use strict';
const $ = id => document.getElementById(id);
// The page may be served under a stage such as /prod or not, and with or without a trailing slash.
const BASE = location.origin + location.pathname.replace(/\/?$/, '/');
const SETTINGS = JSON.parse($('settings').textContent);
const CUTS = SETTINGS.cuts;

/** Returns the scores at which verdicts change in an answer: the account may have its own. */
const cutsOf = ({ meta: { policy } }) => (policy ? { questionable: policy.questionable_from, nsfw: policy.nsfw_from } : CUTS);

// Rounded up, so that what is over a limit is never stated as the limit.
const megabytes = bytes => `${(Math.ceil(bytes / 1e5) / 10).toFixed(1)} MB`;
const fileSize = bytes => (bytes < 1e6 ? `${Math.ceil(bytes / 1000)} kB` : megabytes(bytes));

function createElement(tag, className = '', text = '') {
  const node = document.createElement(tag);
  node.className = className;
  node.textContent = text;
  return node;
}

/** What the page says about an image. kind: a verdict, `error` or `quiet`. */
const outcome = (kind, title, note = '', answer = null) => ({ kind, title, note, answer });
