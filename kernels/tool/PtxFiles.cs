using System;
using System.Collections.Generic;
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
internal static partial class PtxFiles
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
        Type[] types = [.. typeof(Elementwise).Assembly.GetExportedTypes()
            .OrderBy(t => t.Name, StringComparer.Ordinal)];
        foreach (Type type in types)
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
        Version version = typeof(Context).Assembly.GetName().Version!;
        return $"// source: {type.Name}.cs sha256: {Hash(File.ReadAllText(source))} ilgpu: {version.ToString(3)}\n"
            + $"// shared sources sha256: {Hash(SharedSources(source))}\n"
            + $"// entries: {string.Join(' ', Kernels(type).Select(Entry))}\n";
    }

    /// <summary>The sources that hold no kernels, one behind the other: every kernel may use them.</summary>
    private static string SharedSources(string source)
    {
        HashSet<string> own = [.. typeof(Elementwise).Assembly.GetExportedTypes().Select(t => t.Name)];
        return string.Concat(Directory.GetFiles(Path.GetDirectoryName(source)!, "*.cs")
            .Where(f => !own.Contains(Path.GetFileNameWithoutExtension(f)))
            .Order(StringComparer.Ordinal)
            .Select(File.ReadAllText));
    }

    private static string Hash(string text) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ReplaceLineEndings("\n"))));

    private static string Entry(MethodInfo kernel) => $"{kernel.DeclaringType!.Name}_{kernel.Name}";

    /// <summary>
    /// A kernel's module under its entry name. ILGPU numbers parameters and labels through a whole run: they are
    /// numbered anew, so that the text changes only where its kernel does. Only the first keeps version and target.
    /// A conditional branch loses the promise ".uni" that all threads of a warp take it: ILGPU 1.5.3 makes it for
    /// branches that depend on the thread (seen in Augment.BlurColumns), and the driver's compiler finds out itself.
    /// </summary>
    private static string Module(PTXBackend backend, MethodInfo kernel, bool withDirectives)
    {
        PTXCompiledKernel compiled = (PTXCompiledKernel)backend.Compile(
            EntryPointDescription.FromExplicitlyGroupedKernel(kernel), new KernelSpecialization(MaxThreads, null));
        string text = LocalMemory.ToRegisters(compiled.PTXAssembly.ReplaceLineEndings("\n"));
        text = SharedAddress.Fold(text);
        int entry = text.IndexOf(".visible .entry", StringComparison.Ordinal);
        if (text.Contains(".func", StringComparison.Ordinal) || text.Contains(".local", StringComparison.Ordinal))
        {
            throw new InvalidOperationException(
                $"{Entry(kernel)} was not compiled into one function of registers alone.");
        }

        if (text.Contains("0d0000000000000001", StringComparison.Ordinal)
            || text.Contains("0f00000001", StringComparison.Ordinal))
        {
            throw new InvalidOperationException(
                $"{Entry(kernel)}: ILGPU turned a condition into a real number by its bits; write it as an if.");
        }

        string directives = withDirectives ? text[text.IndexOf(".version", StringComparison.Ordinal)..entry] : "";
        string body = text[entry..].Replace($" {compiled.Name}(", $" {Entry(kernel)}(", StringComparison.Ordinal);
        Dictionary<string, int> labels = [];
        body = Label().Replace(body, m =>
        {
            labels.TryAdd(m.Value, labels.Count);
            return $"L_{labels[m.Value]}";
        });
        body = UniformPromise().Replace(body, "$1");
        return directives + Parameter().Replace(body, "_$1") + "\n";
    }

    [GeneratedRegex(@"\bL_\d+\b")]
    private static partial Regex Label();

    [GeneratedRegex(@"(@!?%p\d+\s+bra)\.uni\b")]
    private static partial Regex UniformPromise();

    [GeneratedRegex(@"(?<=[ \[])_(\w+?)_\d+\b")]
    private static partial Regex Parameter();
}
