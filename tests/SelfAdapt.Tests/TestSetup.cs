using Microsoft.VisualStudio.TestTools.UnitTesting;

[assembly: DiscoverInternals]
[assembly: DoNotParallelize]
