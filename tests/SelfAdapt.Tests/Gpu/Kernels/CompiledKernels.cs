extern alias simulated;

using System.Collections.Concurrent;
using System.Reflection;
using SelfAdapt.Gpu;
using Simulator = simulated::SelfAdapt.KernelSimulator.Simulator;

namespace SelfAdapt.Tests.Gpu.Kernels;

/// <summary>Every kernel as ILGPU compiles it, without a cache.</summary>
internal static class CompiledKernels
{
    private static readonly PtxLibrary Library = new(AcceleratorDevice.CreateContext(), PtxCache.OfUser);

    private static readonly ConcurrentDictionary<string, string> Texts = new();

    /// <summary>The kernels by name.</summary>
    public static IReadOnlyDictionary<string, MethodInfo> Methods { get; } =
        Simulator.KernelsOf(typeof(SelfAdapt.Kernels.Elementwise).Assembly);

    public static IEnumerable<object[]> Names =>
        Methods.Keys.Order(StringComparer.Ordinal).Select(n => new object[] { n });

    /// <summary>A kernel's text.</summary>
    public static string Text(string kernel) => Texts.GetOrAdd(kernel, k => Library.Compile(Methods[k]));
}
