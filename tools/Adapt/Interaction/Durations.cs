using System.Globalization;

namespace SelfAdapt.Tool.Interaction;

/// <summary>Spans of time for people.</summary>
internal static class Durations
{
    /// <summary>A span in hours, minutes or seconds.</summary>
    public static string Show(TimeSpan time) =>
        time.TotalHours >= 1 ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalHours:0.0} h")
        : time.TotalMinutes >= 1 ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalMinutes:0} min")
        : string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0} s");
}
