using System.Reflection;
using System.Text.RegularExpressions;
using ILGPU;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace SelfAdapt.Gpu;

/// <summary>
/// The kernels as PTX, each compiled when it is first asked for, or read from a cache. One text for all generations
/// from compute capability 8.0: the driver compiles it for its GPU, and what tests run is what every GPU runs.
/// </summary>
internal sealed partial class PtxLibrary(Context context, PtxCache cache) : IDisposable
{
    private static readonly CudaArchitecture Target = CudaArchitecture.SM_80;
    private static readonly CudaInstructionSet Version = CudaInstructionSet.ISA_70;

    private PTXBackend? _compiler;

    public (string Text, string Entry) Get(MethodInfo kernel)
    {
        string text = cache.Get(
            Kernels.KernelName.Of(kernel),
            $"{kernel.Module.ModuleVersionId} {typeof(Context).Assembly.GetName().Version} {Target} {Version} "
            + $"{PtxRewrites.Version}",
            () => Compile(kernel));
        return (text, EntryName().Match(text).Groups[1].Value);
    }

    public void Dispose() => _compiler?.Dispose();

    internal string Compile(MethodInfo kernel)
    {
        _compiler ??= new PTXBackend(context, Target, Version, null!);
        PTXCompiledKernel compiled = (PTXCompiledKernel)_compiler.Compile(
            EntryPointDescription.FromExplicitlyGroupedKernel(kernel),
            new KernelSpecialization(Kernels.Reduction.MaxThreads, null));
        return PtxRewrites.Apply(compiled.PTXAssembly);
    }

    [GeneratedRegex(@"\.visible \.entry (\w+)\(")]
    private static partial Regex EntryName();
}
