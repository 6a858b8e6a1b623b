using System.Globalization;
using System.Reflection;
using SelfAdapt.Adaptation;

namespace SelfAdapt.Study;

/// <summary>Options of the method as text: "LearningRate=3e-5 Strong.Noise=0.1", in the order given.</summary>
internal static class Settings
{
    /// <summary>Changes options as the text says.</summary>
    /// <param name="start">What stands where the text says nothing.</param>
    /// <param name="text">name=value, separated by spaces.</param>
    public static AdaptationOptions Apply(AdaptationOptions start, string text)
    {
        AdaptationOptions options = start with { Strong = start.Strong with { } };
        foreach (string part in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] pair = part.Split('=', 2);
            bool strong = pair[0].StartsWith("Strong.", StringComparison.Ordinal);
            object owner = strong ? options.Strong : options;
            string name = strong ? pair[0]["Strong.".Length..] : pair[0];
            PropertyInfo property = owner.GetType().GetProperties()
                .FirstOrDefault(p => p.Name.Equals(name, StringComparison.Ordinal))
                ?? throw new ArgumentException($"There is no option {pair[0]}.");
            property.SetValue(owner, property.PropertyType.IsEnum
                ? Enum.Parse(property.PropertyType, pair[1], true)
                : Convert.ChangeType(pair[1], property.PropertyType, CultureInfo.InvariantCulture));
        }

        return options;
    }
}
