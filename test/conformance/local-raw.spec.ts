import { describeLocal } from './local-suite.js';

describeLocal('raw');
