using Microsoft.VisualStudio.TestTools.UnitTesting;

[assembly: DiscoverInternals]
[assembly: Parallelize(Scope = ExecutionScope.ClassLevel)]
