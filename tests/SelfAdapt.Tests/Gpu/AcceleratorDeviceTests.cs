using SelfAdapt.Gpu;
using SelfAdapt.Tests.Engine;

namespace SelfAdapt.Tests.Gpu;

/// <summary>
/// The same backend on ILGPU's CPU accelerator: what ILGPU compiles and how it launches, without our PTX. Of each
/// operation the smallest case, as a barrier costs it a switch of system threads.
/// </summary>
[TestClass]
internal sealed class AcceleratorDeviceTests
{
    private static readonly GpuBackend Backend = new(AcceleratorDevice.OnCpu());

    public static IEnumerable<object[]> Operations => OperationCases.All
        .GroupBy(c => Family(c.Name))
        .Select(g => new object[] { g.MinBy(c => c.Inputs.Sum(i => i.Count))!.Name });

    public static IEnumerable<object[]> Vectors =>
        VectorCases.All.GroupBy(c => Family(c.Name)).Select(g => new object[] { g.First().Name });

    [ClassCleanup]
    public static void DisposeBackend() => Backend.Dispose();

    [TestMethod]
    [DynamicData(nameof(Operations))]
    public void Operation_AgreesWithTheReference(string name) =>
        OperationParity.Check(OperationCases.All.Single(c => c.Name == name), Backend);

    [TestMethod]
    [DynamicData(nameof(Vectors))]
    public void VectorOperation_AgreesWithTheReference(string name) =>
        OperationParity.Check(VectorCases.All.Single(c => c.Name == name), Backend);

    private static string Family(string name) => name.Split(' ')[0];
}
