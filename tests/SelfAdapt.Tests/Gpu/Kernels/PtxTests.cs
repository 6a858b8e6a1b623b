using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace SelfAdapt.Tests.Gpu.Kernels;

/// <summary>What ILGPU makes of the kernels has the form that the launches count on.</summary>
[TestClass]
internal sealed partial class PtxTests
{
    [TestMethod]
    [DynamicData(nameof(CompiledKernels.Names), typeof(CompiledKernels))]
    public void Text_Parameters_AreThoseOfTheMethod(string kernel)
    {
        Match entry = Entry().Matches(CompiledKernels.Text(kernel)).Single();
        string[] actual = [.. Parameter().Matches(entry.Groups[1].Value)
            .Select(m => m.Groups[1].Value + m.Groups[2].Value)];
        string[] expected = [.. CompiledKernels.Methods[kernel].GetParameters()
            .Select(p => Declaration(p.ParameterType).Replace("$", p.Name, StringComparison.Ordinal))];
        CollectionAssert.AreEqual(expected, actual);
    }

    /// <summary>
    /// One function of registers: inlining left nothing out, operands of inline assembly were found, no real number was
    /// made of a condition's bits (ILGPU 1.5.3 does that to a conditional 1 or 0 converted to double).
    /// </summary>
    [TestMethod]
    [DynamicData(nameof(CompiledKernels.Names), typeof(CompiledKernels))]
    public void Text_NoFunctionsLocalsOrConditionsAsNumbers(string kernel)
    {
        string text = CompiledKernels.Text(kernel);
        foreach (string forbidden in (string[])[".func", ".local", "0d0000000000000001", "0f00000001"])
        {
            Assert.DoesNotContain(forbidden, text);
        }
    }

    /// <summary>A branch on a condition does not promise that a warp takes it together: on O2 some do wrongly.</summary>
    [TestMethod]
    [DynamicData(nameof(CompiledKernels.Names), typeof(CompiledKernels))]
    public void Text_ConditionalBranches_PromiseNothing(string kernel) =>
        Assert.IsFalse(PromisingBranch().IsMatch(CompiledKernels.Text(kernel)));

    [TestMethod]
    [DynamicData(nameof(CompiledKernels.Names), typeof(CompiledKernels))]
    public void Text_Accesses_NameTheirMemory(string kernel) =>
        Assert.IsFalse(GenericAccess().IsMatch(CompiledKernels.Text(kernel)));

    private static string Declaration(Type type) => type.IsGenericType ? ".align 8 .b8 _$[16]"
        : type == typeof(float) ? ".f32 _$"
        : type.IsPrimitive || type.IsEnum ? ".b32 _$"
        : $".align 4 .b8 _$[{Marshal.SizeOf(type)}]";

    [GeneratedRegex(@"\.visible \.entry \w+\(([^)]*)\)")]
    private static partial Regex Entry();

    [GeneratedRegex(@"\.param ([^,\n]+?)_\d+(\[\d+\])?(?=[,\n])")]
    private static partial Regex Parameter();

    [GeneratedRegex(@"@!?%p\d+\s+bra\.uni")]
    private static partial Regex PromisingBranch();

    [GeneratedRegex(@"\b(ld|st)\.(?!global|shared|param)")]
    private static partial Regex GenericAccess();
}
