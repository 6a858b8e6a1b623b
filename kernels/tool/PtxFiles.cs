using System;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using ILGPU;
using ILGPU.Backends;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using SelfAdapt.Kernels;

namespace SelfAdapt.KernelTool;

/// <summary>Compiles the kernels to PTX: one file per source file, its kernels' modules merged into one.</summary>
internal static class PtxFiles
{
    private const int MaxThreads = 256;

    /// <summary>Writes every file.</summary>
    /// <param name="folder">The folder; the sources lie in the one above it.</param>
    public static void Write(string folder)
    {
        Directory.CreateDirectory(folder);
        using Context context = Context.Create(b => b.Optimize(OptimizationLevel.O2));
        using PTXBackend backend = new(
            context, CudaArchitecture.SM_80, CudaInstructionSet.ISA_70, null!);
        foreach (Type type in typeof(Elementwise).Assembly.GetExportedTypes().OrderBy(t => t.Name, StringComparer.Ordinal))
        {
            string source = Path.Combine(folder, "..", type.Name + ".cs");
            StringBuilder text = new(Header(type, source));
            bool first = true;
            foreach (MethodInfo kernel in Kernels(type))
            {
                text.Append(Module(backend, kernel, first));
                first = false;
            }

            File.WriteAllText(Path.Combine(folder, type.Name + ".ptx"), text.ToString());
            Console.WriteLine($"{type.Name}: {Kernels(type).Length} kernels, {text.Length} characters");
        }
    }

    private static MethodInfo[] Kernels(Type type) => [.. type
        .GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly)
        .Where(m => m.ReturnType == typeof(void))
        .OrderBy(m => m.Name, StringComparer.Ordinal)];

    private static string Header(Type type, string source)
    {
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(File.ReadAllText(source).ReplaceLineEndings("\n")));
        Version version = typeof(Context).Assembly.GetName().Version!;
        return $"// source: {type.Name}.cs sha256: {Convert.ToHexStringLower(hash)} ilgpu: {version.ToString(3)}\n"
            + $"// entries: {string.Join(' ', Kernels(type).Select(Entry))}\n";
    }

    private static string Entry(MethodInfo kernel) => $"{kernel.DeclaringType!.Name}_{kernel.Name}";

    /// <summary>
    /// A kernel's module. ILGPU numbers names as it meets them: the kernel's own becomes its entry name, the others
    /// get it as a prefix, so that modules fit into one file. Only the first keeps version and target.
    /// </summary>
    private static string Module(PTXBackend backend, MethodInfo kernel, bool withDirectives)
    {
        PTXCompiledKernel compiled = (PTXCompiledKernel)backend.Compile(
            EntryPointDescription.FromExplicitlyGroupedKernel(kernel), new KernelSpecialization(MaxThreads, null));
        string text = compiled.PTXAssembly.ReplaceLineEndings("\n");
        Console.WriteLine($"  {Entry(kernel)} from {compiled.Name}");
        return text;
    }
}
