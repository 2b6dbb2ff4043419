import { describeModel } from './model-suite.js';

describeModel('raw');
