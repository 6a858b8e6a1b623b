using SelfAdapt.Engine.Cpu;

namespace SelfAdapt.Tests.Engine;

/// <summary>Every vector operation of the cpu backend against the reference.</summary>
[TestClass]
internal sealed class VectorTests
{
    public static IEnumerable<object[]> Every => VectorCases.All.Select(c => new object[] { c.Name });

    [TestMethod]
    [DynamicData(nameof(Every))]
    public void Cpu_AgreesWithTheReference(string name)
    {
        using CpuBackend backend = new(2);
        OperationParity.Check(VectorCases.All.Single(c => c.Name == name), backend);
    }
}
