using System.Globalization;

namespace SelfAdapt.Reporting;

/// <summary>What a report calls the two models that it holds against each other.</summary>
internal sealed record ComparedModels(string First, string Second)
{
    public static ComparedModels BeforeAndAfter { get; } = new("before", "after");

    /// <summary>The original and the best checkpoint where the original was kept, else before and after.</summary>
    public static ComparedModels Of(RunReport report) =>
        report.Rejection is { } rejection && report.Samples.Any(s => s.Rejected is not null)
            ? new("original", string.Create(CultureInfo.InvariantCulture, $"rejected (step {rejection.Point.Iteration})"))
            : BeforeAndAfter;

    public override string ToString() => $"{First} and {Second}";
}
