extern alias simulated;
using System.Reflection;
using System.Runtime.InteropServices;
using simulated::SelfAdapt.Kernels;
using simulated::SelfAdapt.KernelSimulator;

namespace SelfAdapt.Tests.Gpu.Kernels;

/// <summary>What ILGPU compiles, interpreted, gives the bits that the sources give in the simulator.</summary>
[TestClass]
internal sealed class PtxExecutionTests
{
    private static readonly IReadOnlyDictionary<string, MethodInfo> Sources =
        Simulator.KernelsOf(typeof(Elementwise).Assembly);

    public static IEnumerable<object[]> Cases => KernelCase.All.Select((c, i) => new object[] { c.Kernel, i });

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void Launch_SmallCase_EqualsTheSource(string kernel, int index)
    {
        KernelCase test = KernelCase.All[index];
        object[] source = [.. test.Arguments.Select(Load)];
        object[] program = [.. test.Arguments.Select(Load)];
        Simulator.Launch(Sources[kernel], test.Grid, test.Group, [.. test.Arguments.Zip(source, View)]);
        PtxKernel.Parse(CompiledKernels.Text(kernel)).Single().Launch(test.Grid, test.Group, program);
        for (int i = 0; i < source.Length; i++)
        {
            if (source[i] is SimulatedMemory expected)
            {
                CollectionAssert.AreEqual(
                    expected.Bytes.ToArray(), ((SimulatedMemory)program[i]).Bytes.ToArray(), $"parameter {i}");
            }
        }
    }

    [TestMethod]
    public void Cases_All_CoverEveryKernel() =>
        CollectionAssert.AreEquivalent(Sources.Keys.ToArray(), KernelCase.All.Select(c => c.Kernel).ToArray());

    private static object Load(object argument)
    {
        if (argument is not Array values)
        {
            return argument;
        }

        SimulatedMemory memory = new(values.Length * sizeof(float));
        MemoryMarshal
            .CreateSpan(ref MemoryMarshal.GetArrayDataReference(values), (int)memory.Length)
            .CopyTo(memory.Bytes);
        return memory;
    }

    private static object View(object argument, object loaded) => loaded is not SimulatedMemory memory ? argument
        : argument.GetType() == typeof(float[]) ? memory.View<float>(0, memory.Length / 4)
        : argument.GetType() == typeof(int[]) ? memory.View<int>(0, memory.Length / 4)
        : memory.View<uint>(0, memory.Length / 4);
}
